"""From attention to money: platform potential, cost, spots, what-if, allocation, trials, creative diagnosis.

Tables and numbers in, tables and numbers out. Every number keeps the source of each of its terms.
"""
