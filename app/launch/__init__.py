"""`make run`: starts everything for a demo, says where it is, and stops everything it started.

Order: PostgreSQL and Valkey, migrations, then sandbox, web, worker and scheduler under one process
manager, then the demo data (whose payments are really made, through the sandbox), then the banner.
The rule it keeps: what goes wrong is one sentence, and nothing of ours outlives this process.
"""
