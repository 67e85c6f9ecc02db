# A user is found by the beginning of the username or the display name, whatever its case
ann, bob connect
bob sends user.update {"displayName": "Robert"}
ann sends user.search {"query": "BO"}
ann gets ok {"users": [{"userId": "${bob}"}]}
ann sends user.search {"query": "rob"}
ann gets ok {"users": [{"userId": "${bob}"}]}
ann sends user.search {"query": "ert"}
ann gets ok {"users": []}
