# Revoking a device ends all its logins
ann connects
ann's phone connects
ann sends session.revoke {"deviceId": "${ann's phone.deviceId}"}
ann's phone is closed 4403
ann sends session.list {}
ann gets ok {"sessions": [{"sessionId": "${ann.sessionId}", "current": true}]}
