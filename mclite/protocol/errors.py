"""Every error text that the server gives, once (protocol.txt 156-184).

The texts are those of memcached 1.6.45, since clients match on them.
"""

from typing import Final

ERROR: Final = b"ERROR\r\n"

BAD_FORMAT: Final = b"CLIENT_ERROR bad command line format\r\n"
BAD_FORMAT_SHORT: Final = b"CLIENT_ERROR bad command line\r\n"
BAD_DATA_CHUNK: Final = b"CLIENT_ERROR bad data chunk\r\n"
BAD_DELTA: Final = b"CLIENT_ERROR invalid numeric delta argument\r\n"
BAD_EXPTIME: Final = b"CLIENT_ERROR invalid exptime argument\r\n"
BAD_INITIAL: Final = b"CLIENT_ERROR invalid numeric initial value\r\n"
BAD_FLAG: Final = b"CLIENT_ERROR invalid flag\r\n"
BAD_DELTA_VALUE: Final = b"CLIENT_ERROR invalid numeric delta value\r\n"
BAD_SET_MODE: Final = b"CLIENT_ERROR invalid mode for ms M token\r\n"
BAD_ARITHMETIC_MODE: Final = b"CLIENT_ERROR invalid mode for ma M token\r\n"
BAD_ARITHMETIC_FLAG: Final = b"CLIENT_ERROR invalid or duplicate flag\r\n"
TOO_MANY_FLAGS: Final = b"CLIENT_ERROR options flags are too long\r\n"
BAD_KEY_ENCODING: Final = b"CLIENT_ERROR error decoding key\r\n"
BAD_TOKEN: Final = b"CLIENT_ERROR bad token in command line format\r\n"
DUPLICATE_FLAG: Final = b"CLIENT_ERROR duplicate flag\r\n"
OPAQUE_TOO_LONG: Final = b"CLIENT_ERROR opaque token too long\r\n"
NON_NUMERIC: Final = b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
UNAUTHENTICATED: Final = b"CLIENT_ERROR unauthenticated\r\n"
AUTHENTICATION_FAILED: Final = b"CLIENT_ERROR authentication failure\r\n"
TOKEN_TOO_LONG: Final = b"CLIENT_ERROR auth token too long\r\n"
BAD_TOKEN_FORMAT: Final = b"CLIENT_ERROR bad authentication token format\r\n"
BAD_TERMINATION: Final = b"CLIENT_ERROR bad command line termination\r\n"
CRAWLER_DISABLED: Final = b"CLIENT_ERROR lru crawler disabled\r\n"
BAD_SLAB_ID: Final = b"CLIENT_ERROR Illegal slab id\r\n"

TOO_LARGE: Final = b"SERVER_ERROR object too large for cache\r\n"
STORE_FAILED: Final = b"SERVER_ERROR cannot write to the store\r\n"
NO_MEMORY: Final = b"SERVER_ERROR out of memory storing object\r\n"
SHUTDOWN_DISABLED: Final = b"SERVER_ERROR: shutdown not enabled\r\n"
MEMLIMIT_IN_BYTES: Final = b"MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\n"
MEMLIMIT_TOO_SMALL: Final = b"MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n"
