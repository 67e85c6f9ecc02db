# A login revoked before the users plugin was replaced stays revoked
ann connects
ann's phone connects
ann sends session.revoke {"sessionId": "${ann's phone.sessionId}"}
reload users
eve is refused 401 with ${ann's phone.accessToken}
eve connects without login
eve sends session.open {"token": "${ann's phone.accessToken}"}
eve gets error unauthenticated
