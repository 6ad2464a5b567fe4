# One module, called twice: its policy belongs to both roles.
module "orders" {
  source = "./modules/queue"
  name   = "orders"
}

module "refunds" {
  source = "./modules/queue"
  name   = "refunds"
}
