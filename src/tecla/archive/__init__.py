"""Thousands of recordings: a catalogue, results beside it, one machine or many. `run` reads first.

places (what there is) -> run (what is to do) -> pool or cluster (who does it) -> listening (one recording) -> catalogue;
afterwards report (one page), index and find (a melody anywhere), export (a table).
"""
