# A wrong password answers as an unknown user
ann connects
eve connects without login
eve sends user.login {"username": "nobody", "password": "wrong horse"}
eve gets error unauthenticated
eve sends user.login {"username": "ann", "password": "wrong horse"}
eve gets the same
