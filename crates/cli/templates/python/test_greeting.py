import unittest

from greeting import greet


class Greeting(unittest.TestCase):
    def test_a_greeting_has_the_name(self):
        self.assertEqual(greet("World"), "Hello, World!")
