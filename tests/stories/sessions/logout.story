# Logging out is answered, then closed 4403
ann connects
ann sends user.logout {}
ann gets ok exactly {}
ann is closed 4403
