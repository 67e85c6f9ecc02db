# Offline begins ten seconds after the last session is gone, and not when it comes back
ann, bob connect
ann sends presence.watch {"userIds": ["${bob}"]}
bob drops
clock +5s
bob reconnects
clock +20s
ann gets nothing
bob drops
clock +12s
ann gets presence.update {"users": [{"userId": "${bob}", "status": "offline", "lastSeenAt": "${any}"}]}
bob reconnects
clock +2s
ann gets presence.update exactly {"users": [{"userId": "${bob}", "status": "online"}]}
