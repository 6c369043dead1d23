mod acceptance;
mod hostility;
mod instance;
mod rotation;
