"""Lead from every edge to every tool through one door: judge, journal the intent, do, journal the outcome."""
