# A refresh token used twice ends its whole family, open connections too
ann connects
eve connects without login
eve sends user.refresh {"refreshToken": "${ann.refreshToken}"} as pair
eve gets ok {"userId": "${ann}", "deviceId": "${ann.deviceId}", "expiresIn": "${any}"}
eve sends user.refresh {"refreshToken": "${ann.refreshToken}"}
eve gets error unauthenticated
ann is closed 4403
eve sends session.open {"token": "${pair.accessToken}"}
eve gets error unauthenticated
eve sends user.refresh {"refreshToken": "${pair.refreshToken}"}
eve gets error unauthenticated
