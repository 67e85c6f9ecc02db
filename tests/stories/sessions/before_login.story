# Before a session only the calls that make one are served
eve connects without login
eve sends chat.history {"chatId": "x"}
eve gets error unauthenticated
eve sends chat.nothing {}
eve gets error method_not_found
eve sends user.register {"username": "eve", "password": "long enough"} as login
eve sends sync.pull {}
eve gets error unauthenticated
eve sends session.open {"token": "${login.accessToken}"}
eve gets ok {"userId": "${login.userId}", "deviceId": "${login.deviceId}", "serverTime": "${any}", "cursor": "${any}", "limits": {"frameBytes": 262144, "batch": 64}}
eve sends sync.pull {}
eve gets ok {"chats": []}
