# Lists are bounded: a watch of 201 users is too large
ann, bob connect
ann sends group.create {"title": "${257 letters}"}
ann gets error too_large {"path": "/title"}
ann sends user.get {"userIds": "${bob}"}
ann gets error invalid_params {"path": "/userIds"}
