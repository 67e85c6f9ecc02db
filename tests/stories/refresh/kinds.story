# An access token refreshes nothing and a refresh token opens nothing
ann connects
eve connects without login
eve sends user.refresh {"refreshToken": "${ann.accessToken}"}
eve gets error unauthenticated
eve sends session.open {"token": "${ann.refreshToken}"}
eve gets error unauthenticated
ann is open
