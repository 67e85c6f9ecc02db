# An export holds what the user wrote about themselves and whom they blocked
ann, bob connect
ann sends user.update {"about": "me"}
ann sends user.block {"userId": "${bob}"}
ann sends user.export {}
ann gets ok {"sections": {"user": {"userId": "${ann}", "about": "me"}, "blocked": [{"userId": "${bob}"}]}}
