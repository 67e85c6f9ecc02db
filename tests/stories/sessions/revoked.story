# A revoked login is closed 4403 and its token is dead, the others live on
ann, bob connect
ann's phone connects
ann sends session.list {}
ann gets ok {"sessions": ["${any}", "${any}"]}
ann sends session.revoke {"sessionId": "${ann's phone.sessionId}"}
ann's phone is closed 4403
ann is open
eve connects without login
eve sends session.open {"token": "${ann's phone.accessToken}"}
eve gets error unauthenticated
bob sends session.revoke {"sessionId": "${ann.sessionId}"}
bob gets error not_found
