# A token in the upgrade is as good as one in the call, and a bad one is refused there
ann connects
eve is refused 401 with nonsense
eve connects with ${ann.accessToken}
eve sends session.open {}
eve gets ok {"userId": "${ann}", "sessionId": "${ann.sessionId}"}
