"""What the scenarios share: namespaces and cables, real programs, captures, and the note beside each capture.

A scenario is one file in `../scenarios` with a `CAPTURES` tuple (the files that it writes) and a function
`record(lab)`. It reads as a story: lay the network, start the programs, start the capture, let it happen, write
down what it shows. Nothing here knows a scenario, and nothing here leaves the namespaces it has made.
"""
