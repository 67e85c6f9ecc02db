# A changed profile is seen by others, an emptied member is gone
ann, bob connect
bob sends user.update {"displayName": "Bob B.", "about": "here"}
ann sends user.get {"userIds": ["${bob}", "u_nobody"]}
ann gets ok exactly {"users": [{"userId": "${bob}", "username": "bob", "displayName": "Bob B.", "about": "here"}]}
bob sends user.update {"about": null}
ann sends user.get {"userIds": ["${bob}"]}
ann gets ok {"users": [{"about": "${none}", "displayName": "Bob B."}]}
