"""`python -m handshark`: the command."""

from handshark._command import main

if __name__ == "__main__":
    main()
