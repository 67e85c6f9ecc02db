# A device that sends its id at the login keeps it
ann connects
eve connects without login
eve sends user.login {"username": "ann", "password": "correct horse battery", "device": {"id": "phone-7", "name": "Phone", "platform": "pager"}} as login
eve gets ok {"userId": "${ann}", "deviceId": "phone-7"}
eve sends session.open {"token": "${login.accessToken}"}
ann forgets
eve sends chat.open {"userId": "${ann}"} as notes
eve says "hi" in ${notes.chatId}
ann gets chat.message {"deviceId": "phone-7"}
