# Somebody with another device open does not go offline
ann, bob connect
bob's phone connects
ann sends presence.watch {"userIds": ["${bob}"]}
bob drops
clock +15s
ann gets nothing
bob's phone drops
clock +15s
ann gets presence.update {"users": [{"status": "offline"}]}
