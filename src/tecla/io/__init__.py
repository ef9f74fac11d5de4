"""The only room that opens music files: sound, MIDI and note lists in, and the same out, whole or not at all."""
