"""The desktop application of gazestudy: windows over `gazestudy.pipeline` and `gazestudy.store`."""
