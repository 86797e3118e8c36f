"""Measurements that are no tests: how long reading takes, and that it stays linear."""
