# A new watch replaces the earlier one
ann, bob, cid connect
ann sends presence.watch {"userIds": ["${bob}"]}
ann sends presence.watch {"userIds": ["${cid}"]}
bob sends presence.set {"status": "busy"}
clock +2s
ann gets nothing
cid sends presence.set {"status": "busy"}
clock +2s
ann gets presence.update {"users": [{"userId": "${cid}"}]}
