"""The only place that knows backends apart: operations, compilers, traces, checks."""
