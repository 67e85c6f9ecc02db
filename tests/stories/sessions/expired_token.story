# A token is over when it says so, and a refreshed one goes on
ann connects
ann drops
clock +3601s
eve connects without login
eve sends session.open {"token": "${ann.accessToken}"}
eve gets error unauthenticated
eve sends user.refresh {"refreshToken": "${ann.refreshToken}"} as pair
eve sends session.open {"token": "${pair.accessToken}"}
eve gets ok {"userId": "${ann}", "deviceId": "${ann.deviceId}"}
