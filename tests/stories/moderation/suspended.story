# Who is suspended is out at once on every device, and in again when that ends
ann, mod connect
ann's phone connects
operator runs moderation grant {"name": "mod", "role": "moderator"}
mod sends admin.user.suspend {"userId": "${ann}", "reason": "rude", "until": "${now+60s}"}
ann, ann's phone are closed 4403
eve connects without login
eve sends user.login {"username": "ann", "password": "correct horse battery"}
eve gets error rejected {"plugin": "moderation"}
clock +61s
ann connects
mod sends admin.audit {}
mod gets ok {"entries": [{"by": "${mod}", "action": "user.suspend", "target": "${ann}", "reason": "rude"}, {"by": "operator", "action": "role.moderator", "target": "${mod}"}]}
