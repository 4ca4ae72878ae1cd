"""From attention to money: the strategy document of a study, and what it allows to say."""
