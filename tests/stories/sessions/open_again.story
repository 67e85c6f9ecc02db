# Opening again answers the same session, and another login's token is a conflict
ann, bob connect
ann sends session.open {"token": "${ann.accessToken}"}
ann gets ok {"sessionId": "${ann.sessionId}", "deviceId": "${ann.deviceId}"}
ann sends session.open {"token": "${bob.accessToken}"}
ann gets error conflict
ann, bob are open
