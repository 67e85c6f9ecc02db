# A status with an end goes back to online by itself
ann, bob connect
ann sends presence.watch {"userIds": ["${bob}"]}
bob sends presence.set {"status": "away", "until": "${now+60s}"}
ann gets presence.update {"users": [{"status": "away"}]}
clock +62s
ann gets presence.update exactly {"users": [{"userId": "${bob}", "status": "online"}]}
