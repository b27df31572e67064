"""Near-duplicates, found by content: copies of one sound under other names, encodings, cuts and levels.

Surveyed first: chromaprint (pyacoustid) needs a native program and gives nothing for a few seconds, and its chroma
tells neither octaves nor takes apart; audfprint is a program, no library; nearest neighbours of embeddings (faiss)
find what sounds alike, which here is exactly what must not be joined. So: Wang's landmarks find candidates, waveforms
decide.
"""

from trainers.data.duplicates.find import Found, find_duplicates

__all__ = ["Found", "find_duplicates"]
