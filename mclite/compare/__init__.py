"""Two servers, the same generated conversations, and where they answer otherwise: `mclite compare`.

Imports `mclite.replay` and nothing else of `mclite`: a comparison that shared the server's parser would share its
mistakes.
"""
