# With the second step on, a password alone logs nobody in and each code works once
ann connects
ann sends user.totp.begin {"password": "correct horse battery"} as totp
ann sends user.totp.enable {"code": "${code of totp.secret}"} as on
clock +30s
eve connects without login
eve sends user.login {"username": "ann", "password": "correct horse battery"}
eve gets error unauthenticated {"needs": "code"}
eve sends user.login {"username": "ann", "password": "correct horse battery", "code": "${code of totp.secret}"} as login
eve sends user.login {"username": "ann", "password": "correct horse battery", "code": "${code of totp.secret}"}
eve gets error unauthenticated {"needs": "code"}
eve sends user.login {"username": "ann", "password": "correct horse battery", "code": "${on.recoveryCodes.0}"}
eve gets ok {"userId": "${ann}"}
ann sends user.totp.get {}
ann gets ok {"enabled": true, "recoveryCodesLeft": 9}
