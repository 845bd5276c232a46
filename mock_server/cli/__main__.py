"""`python -m mock_server.cli`."""

from mock_server.cli import main

main()
