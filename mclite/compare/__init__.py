"""Two servers, the same generated conversations, and where they answer otherwise: `mclite compare`.

May import `mclite.replay` and the command table: a comparison that shared the server's parser would share its mistakes.
"""
