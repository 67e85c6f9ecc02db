# Who does not log in within ten seconds is closed 4401, a bad token or not
eve connects without login
eve sends session.open {"token": "nonsense"}
eve gets error unauthenticated
clock +8s
eve is open
clock +3s
eve is closed 4401
