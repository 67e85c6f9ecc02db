# A username is taken once in any case and has its form
ann connects
eve connects without login
eve sends user.register {"username": "ANN", "password": "long enough"}
eve gets error conflict
eve sends user.register {"username": "e", "password": "long enough"}
eve gets error invalid_params {"path": "/username"}
eve sends user.register {"username": "eve", "password": "short"}
eve gets error invalid_params {"path": "/password"}
