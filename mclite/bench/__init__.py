"""`mclite bench`: a load generator for memcached's protocol, and servers compared in one run.

The parts, from the inside out: `workloads` says what is sent and which bytes must answer it; `loops` drives it
over many connections and checks every byte; `load` is the process of its own in which that happens;
`servers` starts, pins and watches the servers; `compare` runs rounds A B A B; `footprint` takes what is no
rate (start, memory, connections); `report` prints.
"""
