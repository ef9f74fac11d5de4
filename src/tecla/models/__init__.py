"""Networks for transcription, one file each. Only here and in training may torch be imported."""
