"""Reports of a cluster's accounts: by user, account, project, partition, node, month and more; tables and figures."""
