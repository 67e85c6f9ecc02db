# Last seen is shown to whom its owner wants it shown
ann, bob, cid connect
bob sends user.update {"privacy": {"lastSeen": "contacts"}}
ann sends chat.open {"userId": "${bob}"}
bob drops
clock +12s
ann sends presence.watch {"userIds": ["${bob}"]}
ann gets ok {"users": [{"status": "offline", "lastSeenAt": "${any}"}]}
cid sends presence.watch {"userIds": ["${bob}"]}
cid gets ok exactly {"users": [{"userId": "${bob}", "status": "offline"}]}
