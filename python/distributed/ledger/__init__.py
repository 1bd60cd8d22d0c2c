"""What must survive: jobs, workflows, results, events, leases, behind one SQL implementation."""
