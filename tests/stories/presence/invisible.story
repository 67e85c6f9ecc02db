# Invisible looks like offline, and the last time seen stands still
ann, bob connect
ann sends presence.watch {"userIds": ["${bob}"]}
bob sends presence.set {"status": "invisible"}
ann gets presence.update {"users": [{"userId": "${bob}", "status": "offline", "lastSeenAt": "${any}"}]} as hidden
clock +30s
bob drops
clock +30s
ann gets nothing
ann sends presence.watch {"userIds": ["${bob}"]}
ann gets ok exactly {"users": [{"userId": "${bob}", "status": "offline", "lastSeenAt": "${hidden.users.0.lastSeenAt}"}]}
