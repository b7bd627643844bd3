"""Plain twins of the compiled kernels: slow, short, and written from the definitions. Tests compare against them."""
