import unittest

from eliza import reply, turned


class Eliza(unittest.TestCase):
    def test_the_user_s_words_come_back_turned_round(self):
        self.assertEqual(reply(["I am worried about my exam."]), "How long have you been worried about your exam?")
        self.assertEqual(turned("your plans for me"), "my plans for you")

    def test_the_same_words_get_another_answer_later(self):
        self.assertEqual(reply(["I need rest."]), "Why do you need rest?")
        self.assertEqual(reply(["Hello.", "I need rest."]), "Would it really help you to get rest?")

    def test_whatever_is_said_is_answered(self):
        for said in ["", "...", "{0}", "42"]:
            self.assertEqual(reply([said]), "Please go on.")
        self.assertEqual(reply([]), "Please go on.")
