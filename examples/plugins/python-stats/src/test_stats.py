import unittest

from stats import correlation, describe


class Describe(unittest.TestCase):
    def test_a_list_is_described(self):
        described = describe([4, 1, 3, 2])
        self.assertEqual((described["count"], described["mean"], described["median"]), (4, 2.5, 2.5))
        self.assertEqual((described["lower_quartile"], described["upper_quartile"]), (1.75, 3.25))
        self.assertAlmostEqual(described["deviation"], 1.2909944)

    def test_one_number_has_no_spread(self):
        described = describe([7])
        self.assertEqual((described["mean"], described["median"]), (7, 7))
        self.assertIsNone(described["deviation"])


class Correlation(unittest.TestCase):
    def test_what_rises_together_correlates(self):
        self.assertAlmostEqual(correlation([1, 2, 3], [10, 20, 30]), 1)
        self.assertAlmostEqual(correlation([1, 2, 3], [3, 2, 1]), -1)

    def test_lists_that_do_not_belong_together_are_told_why(self):
        with self.assertRaisesRegex(ValueError, "one by one"):
            correlation([1, 2], [1])
        with self.assertRaisesRegex(ValueError, "the same"):
            correlation([1, 1], [1, 2])
