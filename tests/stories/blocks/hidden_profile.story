# Who is blocked neither finds the blocker nor sees more of them than a name
ann, bob connect
bob sends user.update {"about": "private"}
bob sends user.block {"userId": "${ann}"}
ann sends user.search {"query": "bob"}
ann gets ok exactly {"users": []}
ann sends user.get {"userIds": ["${bob}"]}
ann gets ok exactly {"users": [{"userId": "${bob}", "username": "bob", "displayName": "bob"}]}
bob sends user.unblock {"userId": "${ann}"}
ann sends user.search {"query": "bob"}
ann gets ok {"users": [{"userId": "${bob}", "about": "private"}]}
