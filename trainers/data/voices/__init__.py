"""Human voices in recordings: found with Silero VAD, and cut out, silenced or dropped on demand.

People speak on field recordings to say what, where and when. In BirdCLEF+ 2025 the voices sit in one collection that
holds many rare classes. The one controlled comparison that is published (github.com/detkov/BirdCLEFplus_2025, runs
011-1, -2, -3, one fold each): voices kept .954 in validation and .732 on the public leaderboard, the longest stretch
without .950 and .762, the stretches without joined .948 and .763.
"""
